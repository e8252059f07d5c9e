"""The HTTP service.

`server` binds, starts and ends; `connections` and `access` and `guard` stand before `app`, which holds the endpoints;
`picture_workers` decodes and encodes in processes (`decode_worker`), `line` is the queue for `engine`, the models.
"""
