module dev.hone/cluster/tools/node

go 1.24.0
