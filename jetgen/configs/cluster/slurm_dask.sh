#!/bin/bash
# Simulation by a Dask cluster in one allocation: a scheduler, and a worker process per task.
#SBATCH --job-name=jetgen-simulate
#SBATCH --ntasks=128
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=12:00:00
set -euo pipefail

scheduler=dask-$SLURM_JOB_ID.json
dask scheduler --scheduler-file "$scheduler" &
srun dask worker --scheduler-file "$scheduler" --nthreads 1 --memory-limit 0 --no-dashboard &
until [ -s "$scheduler" ]; do sleep 1; done
jetgen simulate gluon --jets 10000000 --output gluon.h5 --dask "$scheduler" --resume
