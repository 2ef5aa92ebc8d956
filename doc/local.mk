# SPDX-License-Identifier: MIT
# The description of the HTTP interface, which nginx serves.

dist_pkgdata_DATA = %D%/openapi.json
dist_doc_DATA += %D%/http.md %D%/operations.md
