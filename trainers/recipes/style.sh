#!/usr/bin/env bash
# The built-in model of styles, from photos and four style pictures to a model folder. About two hours on two cores.
#
#   trainers/recipes/style.sh SHARED OUT
#
# SHARED holds data/ and weights/; OUT keeps every run, so that a stopped recipe goes on where it was. The model that
# is shipped is the one that is judged: it never saw a fifth of the photos, nor their repainted copies.
set -euo pipefail
shared=$1 out=$2
data=$shared/data weights=$shared/weights
photos=("$data/pool" "$data/aesthetics" "$data/photos/native" "$data/photos/extra")

# A painting of the training side serves as further style: its name says on which side of the split it lies.
styles=("$data"/style/*.jpg "$data/media/art_painting/0003.jpg")
trained=()
for picture in "${styles[@]}"; do
  to=$out/stylize/$(basename "$picture" .jpg)
  [ -f "$to/model.ckpt" ] || python -m trainers.stylize "$picture" "${photos[@]}" --out "$to" \
    --init "$weights/squeezenet1_1_imagenet.pt" --resume
  trained+=(--style "$to/model.ckpt")
done
[ -f "$out/painted/labels.csv" ] || python -m trainers.stylize generate "${photos[@]}" "${trained[@]}" \
  --out "$out/painted"

[ -f "$out/styles/run.json" ] || python -m trainers.styles "${photos[@]}" "$data/selfie" --media "$data/media" \
  --paintings "$out/painted" --init "$weights/mobilenet_v2_imagenet.pt" --cache "$out/cache" --precision bf16 \
  --out "$out/styles" --resume

python -m export "$out/styles/model.ckpt" --to "$out/model" --metrics "$out/styles/run.json" \
  --about export/about/style.json --photos "$data/pool" --pictures
