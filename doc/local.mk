# SPDX-License-Identifier: MIT
# Documents; of them nginx serves the description of the HTTP interface.

dist_pkgdata_DATA = %D%/openapi.json
dist_doc_DATA += %D%/cluster.md %D%/console.md %D%/http.md %D%/migration.md \
	%D%/operations.md %D%/tutorial.md

imagesdir = $(docdir)/images
dist_images_DATA = \
	%D%/images/conflict.png \
	%D%/images/json.png \
	%D%/images/keys.png \
	%D%/images/phone-dark.png \
	%D%/images/status.png
