"""The HTTP service: `app` answers, `line` lets one picture at a time through `engine`, `server` binds and runs."""
