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

# The studio faces, by other raters, are judged and never learned from, but in the ablation.
common=("$data/selfie/train.csv" --held "$data/selfie/val.csv" --teacher "$weights/yunet_n_dynamic.onnx"
  --studio "$data/faces_small/ratings.csv" --turn 12 --dropout 0.3 --cache "$out/cache")

# What each stage is worth; a minute for each run is short, and the card says so. Seconds are those of a thread, so
# that a second process with the same OUT may help.
[ -f "$out/ablation/ablation.json" ] || OMP_NUM_THREADS=1 python -m trainers.selfie "${common[@]}" --ablation --seeds 3 \
  --more "$data/faces_small/ratings.csv" --init "$weights/mobilenet_v2_imagenet.pt" \
  --side 64 --width 0.35 --batch 64 --minutes 1 --tune-minutes 0.3 --pretrain-share 0.4 --pretrain-lr 1e-2 \
  --ema 0.95 --stall-steps 120 --restart 0.3 --craft 0 --pairs 0 --out "$out/ablation"

train() { # NAME OPTION...
  [ -f "$out/$1/run.json" ] || python -m trainers.selfie "${common[@]}" --arch mobilenet_v2 --optimizer adamw \
    --no-pretrain --no-net2net --weight-decay 0.02 --correlation-weight 0.2 --epochs 5 --ema 0.98 --eval-every 1 \
    --out "$out/$1" --resume "${@:2}"
}

# Scores first, from three seeds, with batch norm that learns; their mean is steadier on faces from elsewhere. Then
# the order of faces and their spoiled copies.
for seed in 0 1 2; do
  train "seed$seed" --init "$weights/mobilenet_v2_imagenet.pt" --bn train --craft 0 --lr 2e-4 --head-lr 1e-3 \
    --batch 32 --balance 0 --seed "$seed"
done
python -m trainers.soup "$out"/seed{0,1,2}/model.ckpt --to "$out/soup/model.ckpt"
train run --init "$out/soup/model.ckpt" --bn frozen --craft 0.5 --pairs 6 --lr 1e-4 --head-lr 3e-4 --balance 0.25 \
  --table "$out/ablation/ablation.json"

python -m export "$out/run/model.ckpt" --to "$out/selfie" --metrics "$out/run/run.json" --version 1.1.0 \
  --about export/about/selfie.json --photos "$data/selfie"
