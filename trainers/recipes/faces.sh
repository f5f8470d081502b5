#!/usr/bin/env bash
# The built-in detector of faces, from photos to a model folder. About two hours on two cores.
#
#   trainers/recipes/faces.sh SHARED OUT
#
# SHARED holds data/ and weights/; OUT keeps the run, so that a stopped recipe goes on where it was. The model that
# is shipped is the one that is judged: it never saw a fifth of the photos.
set -euo pipefail
shared=$1 out=$2
data=$shared/data

train() {
  [ -f "$out/$1/run.json" ] || python -m trainers.faces "$data/selfie" "$data/aesthetics" "$data/pool" \
    "$data/photos/native" "$data/photos/extra" "$data/media/photo" --drawn "$data/media/art_painting" \
    --drawn "$data/media/cartoon" --drawn "$data/media/sketch" --teacher "$shared/weights/yunet_n_dynamic.onnx" \
    --init "$shared/weights/mobilenet_v2_imagenet.pt" --cache "$out/cache" --out "$out/$1" \
    --precision bf16 --serve-side 192 --resume "${@:2}"
}
train first --refine-steps 0
train second --start "$out/first/model.ckpt" --epochs 4 --tune-epochs 4 --lr 5e-4 --head-lr 1.5e-3 --refine-steps 0
train faces --start "$out/second/model.ckpt" --epochs 5 --tune-epochs 5 --lr 5e-4 --head-lr 1.5e-3

python -m export "$out/faces/model.ckpt" --to "$out/model" --metrics "$out/faces/run.json" \
  --version 1.2.0 --about export/about/faces.json --photos "$data/selfie" --pictures
