"""The HTTP service.

`server` binds, starts and ends; `capacity` measures what the machine can do. `connections`, `measured`, `guard`,
`access` and `authentication` (`tokens`, `login_page`) stand before `app` and `job_endpoints`, which hold the endpoints.
`options` are what requests ask for, `answers` how results are sent, `metrics` what is counted. `places` lets requests
in, `bodies` reads uploads within the `limits`, and `service` makes jobs of them. `jobs` takes a `job` through:
`picture_workers` decode and encode in processes (`decode_worker`, `unzip`), `line` is the queue for its `task`:
`upscaling` by `engine`, the models, or a dream or a style by `artist` in one of the `art_ways`, which `art_endpoints`
and `art_options` take in. `forecast` says how long it takes; `results` and `store` keep on the disk what came out.
"""
