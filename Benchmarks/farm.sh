#!/usr/bin/env bash
# Measures what building on Slurm costs: see --help.
set -euo pipefail

usage() {
    cat <<'END'
usage: farm.sh [--small] [--runs N] [--work DIR] [MIRRORCTL]

As root: builds 24 targets with steps that take no time, the stage1 and the stage3 of 12 subarches, by `build --jobs 2`, and
as a campaign on a Slurm cluster of this machine whose nodes have 2 CPUs in all. Prints the medians of the runs (3) in
seconds, and what Slurm adds to each target. Needs slurmctld, slurmd, munge and iproute2.
END
}

# shellcheck source=Benchmarks/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
option[runs]=3
read_options "$@"
subarches=12
[[ -z $small ]] || runs=1 subarches=1
((EUID == 0)) || die "needs root, for the namespaces of the nodes"
for program in slurmctld slurmd munged sbatch ip; do
    PATH=$PATH:/usr/sbin type -P "$program" >/dev/null || die "$program: not installed"
done
set_up
set_up_builds
cat >>"$work/conf" <<END
[section farm]
engine: slurm
# Otherwise each job takes the memory of the whole node.
memory: 200M
command: env MIRRORCTL_CONFIG=$MIRRORCTL_CONFIG XDG_STATE_HOME=$XDG_STATE_HOME $mirrorctl
logs: $work/logs
END
add_subarches "$subarches"

# The cluster of the tests, of which one node with 2 CPUs is used.
cluster=$work/cluster
mkdir "$cluster"
"$here/../Tests/TestSupport/slurm-cluster" "$cluster" serve $$ >"$work/cluster.out" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || :; wait "$server" 2>/dev/null || :; rm -rf "$work"' EXIT
until [[ -e $cluster/started ]]; do
    kill -0 "$server" 2>/dev/null || die "the cluster did not start: $(tail -n 5 "$work/cluster.out")"
    sleep 0.1
done
on_head=(nsenter --target "$(<"$cluster/init")" --mount --pid --net --uts --ipc)
until [[ $("${on_head[@]}" sinfo -h -p normal -t idle -o %D) == 3 ]]; do sleep 0.2; done
"${on_head[@]}" scontrol update nodename=node2,node3 state=drain reason=bench

build_on_slurm() {
    "${on_head[@]}" "$mirrorctl" farm submit --quiet "${paths[@]}" full "$date"
    "${on_head[@]}" "$mirrorctl" farm run --quiet --interval 1s
}

for ((run = 0; run < runs; run++)); do
    next_date
    measure local "$mirrorctl" build --quiet --jobs 2 "${paths[@]}" full "$date"
    next_date
    clock slurm build_on_slurm
done

echo "$((2 * subarches)) targets, 2 CPUs, median of $runs:"
printf '%-24s %8.3f s\n' "build --jobs 2" "$(median_seconds local)" "farm, on Slurm" "$(median_seconds slurm)"
awk -v a="$(median_seconds local)" -v b="$(median_seconds slurm)" -v count="$((2 * subarches))" \
    'BEGIN { printf "Slurm adds %.3f s to each target\n", (b - a) / count }'
