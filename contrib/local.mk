# SPDX-License-Identifier: MIT
# What other programs are told about scribekv: examples, to be adapted.

examplesdir = $(docdir)/examples
dist_examples_DATA = \
	%D%/grafana/scribekv.json \
	%D%/prometheus/prometheus.yml \
	%D%/prometheus/scribekv.rules.yml
EXTRA_DIST += %D%/prometheus/scribekv.test.yml
