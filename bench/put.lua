-- SPDX-License-Identifier: MIT
wrk.method = "PUT"
wrk.headers["Content-Type"] = "application/octet-stream"
wrk.body = string.rep("x", 100)
