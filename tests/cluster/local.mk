# SPDX-License-Identifier: MIT
# Tests on a real cluster, of MariaDB nodes with Galera. They take minutes, so
# ./dev check runs them once, of the gcc build.

CLUSTER_TESTS = %D%/cluster.sh %D%/failover.sh %D%/spider.sh
EXTRA_DIST += $(CLUSTER_TESTS) %D%/lib.sh %D%/net.sh %D%/serve.sh
