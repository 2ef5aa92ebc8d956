-- SPDX-License-Identifier: MIT
wrk.method = "GET"
