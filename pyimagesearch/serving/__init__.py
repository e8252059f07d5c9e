"""The HTTP service.

`server` binds, starts and ends. `connections`, `access` and `guard` stand before `app`, which holds the endpoints.
`bodies` reads uploads within the `limits`. `service` takes a request through: `picture_workers` decodes and encodes in
processes (`decode_worker`), `line` is the queue for `engine`, the models.
"""
