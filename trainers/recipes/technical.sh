#!/usr/bin/env bash
# The built-in model of technical quality, from photos to a model folder. About two hours on two cores.
#
#   trainers/recipes/technical.sh SHARED OUT
#
# SHARED holds data/ and weights/; OUT keeps the run, so that a stopped recipe goes on where it was. The model that
# is shipped is the one that is judged: it never saw a fifth of the photos.
set -euo pipefail
shared=$1 out=$2
data=$shared/data

# Photos that their cameras took turned without saying so, as a look at all of them showed.
turned=(--turned 1ae09d2e_Samsung_SM-J327T1.jpg --turned 776113e5_Panasonic_FZ20.jpg
  --turned c2a7df77_Panasonic_DMC-FZ18.jpg)

train() { # NAME OPTION...
  [ -f "$out/$1/run.json" ] || python -m trainers.technical "$data/aesthetics" "$data/pool" "$data/photos/native" \
    "$data/photos/extra" "$data/media/photo" "$data/selfie" --upright "$data/media/art_painting" \
    --upright "$data/media/cartoon" --faces "$shared/weights/yunet_n_dynamic.onnx" "${turned[@]}" \
    --cache "$out/cache" --out "$out/$1" --resume "${@:2}"
}

train technical --init "$shared/weights/mobilenet_v2_imagenet.pt" --epochs 14 --turn-epochs 7 --clean-at 11

# Faults go on being learned for long; photos with faults of their own are known from the start now.
train second --start "$out/technical/model.ckpt" --turn-epochs 0 --epochs 8 --lr 5e-4 --clean-at 0
train third --start "$out/second/model.ckpt" --turn-epochs 0 --epochs 6 --lr 5e-4 --clean-at 0

python -m export "$out/third/model.ckpt" --to "$out/model" --metrics "$out/third/run.json" \
  --version 1.1.0 --about export/about/technical.json --photos "$data" --pictures
