# SPDX-License-Identifier: MIT
# What other programs are told about scribekv: examples, to be adapted.

grafanadir = $(docdir)/examples/grafana
dist_grafana_DATA = %D%/grafana/scribekv.json
prometheusdir = $(docdir)/examples/prometheus
dist_prometheus_DATA = \
	%D%/prometheus/prometheus.yml \
	%D%/prometheus/scribekv.rules.yml \
	%D%/prometheus/scribekv.test.yml
migratedir = $(docdir)/examples/migrate
dist_migrate_SCRIPTS = %D%/migrate/redis-export.py
