#!/usr/bin/env bash
# The built-in crop model, from photos to a judged network. About thirty minutes on two cores.
#
#   trainers/recipes/crop.sh SHARED OUT
#
# SHARED holds data/ and weights/; OUT keeps every run, so that a stopped recipe goes on where it was. A quarter of
# the camera photos is held out and judged; the model that is kept is the one that was judged.
set -euo pipefail
shared=$1 out=$2
data=$shared/data

python -m trainers.crop prepare "$data/photos/native" --to "$out/camera.csv"

common=("$out/camera.csv" --init "$shared/weights/mobilenet_v2_imagenet.pt" --cache "$out/cache" --workers 1
  --more "$data/photos/extra" --more "$data/pool" --more "$data/aesthetics" --held both --resume)

train() { # NAME OPTION...
  [ -f "$out/$1/run.json" ] || python -m trainers.crop train "${common[@]}" --out "$out/$1" "${@:2}" ||
    [ -f "$out/$1/run.json" ] # a figure below its baseline stops nothing; the last one is judged again
}

# Pieces first, on simulated lenses, since nothing else tells them what to look for; then all together, where half of
# the samples have simulated traces and half have only what their camera left.
train patches --stage patches --lens 1 --lens-share 1 --judge-lens 1 --epochs 3 --head-lr 3e-3 --most-per-folder 100
train joint --stage joint --lens 1 --lens-share 0.5 --epochs 10 --start "$out/patches/model.ckpt"

python -m trainers.crop evaluate "$out/joint/model.ckpt" "$out/camera.csv" --to "$out/figures" --cache "$out/cache"

python -m export "$out/joint/model.ckpt" --to "$out/model" --metrics "$out/joint/run.json" \
  --about export/about/crop.json --photos "$data" --pictures
