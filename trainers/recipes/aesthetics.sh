#!/usr/bin/env bash
# The built-in aesthetics model, from rated photos to a model folder. About an hour and a half on two cores.
#
#   trainers/recipes/aesthetics.sh SHARED OUT [FOLD ...]
#
# SHARED holds data/ and weights/; OUT keeps every run, so that a stopped recipe goes on where it was. Folds are
# the parts of a cross-validation that are trained and judged first; the shipped model learns from all photos.
set -euo pipefail
shared=$1 out=$2
shift 2
data=$shared/data

common=("$data/aesthetics" --scale 1 7 --init "$shared/weights/mobilenet_v2_imagenet.pt" --size 288
  --head-init ridge --eval-every 2 --correlation-weight 0.2 --cache "$out/cache" --workers 1 --resume)
# Degraded copies in the batch would shift batch norm's statistics, so these stay as they were.
craft=(--bn frozen --pairs 5 --pair-weight 0.3 --pair-margin 1.0 --epochs 6 --ema 0.97
  --faults gaussian --faults defocus --faults motion --faults underexposure --faults overexposure
  --faults overexposure --faults noise --faults compression)
unrated=(--unlabelled "$data/pool" --unlabelled "$data/photos/extra" --unlabelled "$data/photos/native"
  --unlabelled "$data/media/photo" --unlabelled-per-batch 16)

train() { # NAME FOLD OPTION...
  local to=$out/$1/fold$2
  [ -f "$to/run.json" ] || python -m trainers.aesthetics "${common[@]}" --fold "$2" --out "$to" "${@:3}"
}

# Two teachers that differ in what they saw; a student learns from both, on photos that nobody rated too.
for fold in "$@" none; do
  train free "$fold" --bn train --pairs 0 --lr 1e-4 --head-lr 5e-4 --epochs 7 --ema 0.95 --seed 1
  train craft "$fold" "${craft[@]}" --lr 1e-4 --head-lr 1e-4
  train student "$fold" "${craft[@]}" --lr 1.5e-4 --head-lr 1.5e-4 "${unrated[@]}" --distill-weight 0.5 \
    --teacher "$out/free/fold$fold/model.ckpt" --teacher "$out/craft/fold$fold/model.ckpt"
done

python -m trainers.pool "$out/student" --to "$out/figures"
python -m export "$out/student/foldnone/model.ckpt" --to "$out/aesthetics" --metrics "$out/figures/run.json" \
  --about export/about/aesthetics.json --photos "$data/aesthetics"
