#!/usr/bin/env bash
# The built-in selfie model, from rated faces to a model folder. About half an hour on two cores.
#
#   trainers/recipes/selfie.sh SHARED OUT
#
# SHARED holds data/ and weights/; OUT keeps the runs, so that a stopped recipe goes on where it was. The model that
# is shipped is the one that is judged: it never saw the held-out list.
set -euo pipefail
shared=$1 out=$2
data=$shared/data weights=$shared/weights

common=("$data/selfie/train.csv" --held "$data/selfie/val.csv" --teacher "$weights/yunet_n_dynamic.onnx"
  --studio "$data/faces_small/ratings.csv" --more "$data/faces_small/ratings.csv" --turn 12 --dropout 0.3
  --init "$weights/mobilenet_v2_imagenet.pt" --cache "$out/cache")

# What each stage is worth; a minute for each run is short, and the card says so. Seconds are those of a thread, so
# that a second process with the same OUT may help.
[ -f "$out/ablation/ablation.json" ] || OMP_NUM_THREADS=1 python -m trainers.selfie "${common[@]}" --ablation --seeds 3 \
  --side 64 --width 0.35 --batch 64 --minutes 1 --tune-minutes 0.3 --pretrain-share 0.4 --pretrain-lr 1e-2 \
  --ema 0.95 --stall-steps 120 --restart 0.3 --craft 0 --pairs 0 --out "$out/ablation"

[ -f "$out/run/run.json" ] || python -m trainers.selfie "${common[@]}" --arch mobilenet_v2 --optimizer adamw \
  --no-pretrain --no-net2net --lr 3e-4 --head-lr 1.5e-3 --weight-decay 0.02 --batch 48 --pairs 6 --balance 0.25 \
  --more-share 0.4 --correlation-weight 0.2 --epochs 18 --ema 0.99 --eval-every 3 \
  --table "$out/ablation/ablation.json" --out "$out/run" --resume

python -m export "$out/run/model.ckpt" --to "$out/selfie" --metrics "$out/run/run.json" \
  --about export/about/selfie.json --photos "$data/selfie"
