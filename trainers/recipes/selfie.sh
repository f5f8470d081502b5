#!/usr/bin/env bash
# The built-in selfie model, from rated faces to a model folder. About two hours on two cores.
#
#   trainers/recipes/selfie.sh SHARED OUT
#
# SHARED holds data/ and weights/; OUT keeps the runs, so that a stopped recipe goes on where it was. The model that
# is shipped is the one that is judged: it never saw the held-out list.
set -euo pipefail
shared=$1 out=$2
data=$shared/data weights=$shared/weights

common=("$data/selfie/train.csv" --held "$data/selfie/val.csv" --teacher "$weights/yunet_n_dynamic.onnx"
  --cache "$out/cache")
imagenet=(--arch mobilenet_v2 --optimizer adamw --no-pretrain --no-net2net --weight-decay 0.02 --turn 12 --dropout 0.3
  --balance 0.25 --correlation-weight 0.2)
more=(--more "$data/faces_small/ratings.csv" --studio "$data/faces_small/ratings.csv")

train() { # NAME OPTION...
  [ -f "$out/$1/run.json" ] || python -m trainers.selfie "${common[@]}" --out "$out/$1" --resume "${@:2}"
}

# What each stage is worth; a minute for each run is short, and the card says so.
[ -f "$out/ablation/ablation.json" ] || OMP_NUM_THREADS=1 python -m trainers.selfie "${common[@]}" "${more[@]}" \
  --ablation --seeds 3 --init "$weights/mobilenet_v2_imagenet.pt" --side 64 --width 0.35 --batch 64 --minutes 1 \
  --tune-minutes 0.3 --pretrain-share 0.4 --pretrain-lr 1e-2 --ema 0.95 --turn 12 --dropout 0.3 --stall-steps 120 \
  --restart 0.3 --out "$out/ablation"

# Both lists at 128 pixels, then the faces in the wild alone, at the resolution that their photos have. The built-in
# model went on from the 32nd of the 48 epochs.
train small "${imagenet[@]}" "${more[@]}" --init "$weights/mobilenet_v2_imagenet.pt" --lr 3e-4 --head-lr 1.5e-3 \
  --epochs 48 --eval-every 4 --more-share 0.4 --more-until 0.7 --ema 0.995
train large "${imagenet[@]}" --init "$out/small/model.ckpt" --side 192 --eyes-apart 0.33 --eyes-height 0.38 \
  --batch 32 --pairs 5 --lr 2e-4 --head-lr 1e-3 --epochs 8 --eval-every 1 --ema 0.98 \
  --table "$out/ablation/ablation.json"

python -m export "$out/large/model.ckpt" --to "$out/selfie" --metrics "$out/large/run.json" \
  --about export/about/selfie.json --photos "$data/selfie"
