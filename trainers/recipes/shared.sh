#!/usr/bin/env bash
# The shared network, from photos to a checkpoint. About two hours on one core with AVX512-BF16.
#
#   trainers/recipes/shared.sh SHARED OUT [FOLDER...]
#
# SHARED holds data/ and weights/; OUT keeps the teachers' answers and the runs, so that a stopped recipe goes on
# where it was. Each FOLDER has further camera photos (`trainers.teachers collect`); they are only learned from.
# The first run holds out a fold by series, for the figures; the second goes on from it with every photo. Figures in
# docs/training.md are of 5 epochs and not of 40.
set -euo pipefail
shared=$1 out=$2
data=$shared/data
export OMP_NUM_THREADS=1
# The views have many sizes, and oneDNN makes a kernel for each: its usual cache holds a tenth of them.
export ONEDNN_PRIMITIVE_CACHE_CAPACITY=8192

more=()
for folder in "${@:3}"; do more+=(--more "$folder"); done

[ -f "$out/teachers/manifest.json" ] || python -m trainers.teachers build --to "$out/teachers" \
  --rated "$data/aesthetics" --scale 1 7 --media "$data/media" --photos "$data/pool" \
  --photos "$data/photos/native" --photos "$data/photos/extra" "${more[@]}" --cache "$out/cache" \
  --teacher "efficientnet_lite2@288=$shared/weights/efficientnet_lite2_imagenet.pt" \
  --teacher "mobilenet_v2@384=$shared/weights/mobilenet_v2_imagenet.pt"

# Photos that their cameras took turned without saying so.
turned=(--turned 1ae09d2e_Samsung_SM-J327T1.jpg --turned 776113e5_Panasonic_FZ20.jpg
  --turned c2a7df77_Panasonic_DMC-FZ18.jpg)

train() { # NAME OPTION...
  [ -f "$out/$1/run.json" ] || python -m trainers.shared "$out/teachers" --cache "$out/cache" --precision bf16 \
    --rounded --correlation-weight 1 --samples 512 --ema 0.98 --early-every 6 "${turned[@]}" --out "$out/$1" --resume "${@:2}"
}

train fold0 --init "$shared/weights/efficientnet_lite2_imagenet.pt" --fold 0 --probe 400 --epochs 40
train all --start "$out/fold0/model.ckpt" --fold none --epochs 12 --lr 5e-5
