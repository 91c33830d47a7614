#!/bin/bash
# One training on all GPUs of several machines. Submit it again to continue an unfinished run.
#SBATCH --job-name=jetgen-train
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --time=12:00:00
set -euo pipefail

run=runs/large
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
if [ -f "$run/checkpoints/last.safetensors" ]; then
    options=(--resume)
else
    options=(--data "jets/*.h5" --batch 4096 --learning-rate 0.002 --epochs 20)
fi
srun torchrun --nnodes "$SLURM_NNODES" --nproc-per-node 4 \
    --rdzv-backend c10d --rdzv-endpoint "$head:29500" --rdzv-id "$SLURM_JOB_ID" \
    -m -- jetgen train --run "$run" "${options[@]}"
