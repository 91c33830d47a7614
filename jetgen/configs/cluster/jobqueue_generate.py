"""Generation by Dask workers that are jobs of the batch system, which come and go.

Needs dask-jobqueue. For Slurm: SLURMCluster(queue=..., walltime="04:00:00", ...) in the place of
HTCondorCluster.
"""

from dask_jobqueue import HTCondorCluster

import jetgen

if __name__ == "__main__":
    with HTCondorCluster(cores=1, processes=1, memory="4 GB", disk="1 GB") as cluster:
        cluster.adapt(minimum=10, maximum=500)
        jetgen.generate("runs/large", jets=100_000_000, dask=cluster.scheduler_address)
