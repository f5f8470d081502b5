#!/usr/bin/env bash
# The built-in model of styles, from photos and four style pictures to a model folder. About an hour on two cores.
#
#   trainers/recipes/style.sh SHARED OUT
#
# SHARED holds data/ and weights/; OUT keeps every run, so that a stopped recipe goes on where it was. The model that
# is shipped is the one that is judged: it never saw a fifth of the photos, nor their repainted copies.
set -euo pipefail
shared=$1 out=$2
data=$shared/data weights=$shared/weights
photos=("$data/pool" "$data/aesthetics" "$data/photos/native" "$data/photos/extra")

# One of the paintings serves as a fourth style; a style is named as its picture's file.
mkdir -p "$out/pictures"
cp "$data"/style/*.jpg "$out/pictures"
cp "$data/media/art_painting/0011.jpg" "$out/pictures/palette_knife.jpg"

judge=(--loss-weights "$weights/squeezenet1_1_imagenet.pt" --width 0.5 --size 160 --batch 2 --precision bf16
  --cache "$out/cache" --resume)
# What a photo shows is learned once; the styles begin there. Which picture is given does not matter.
plain=$out/stylize/plain
[ -f "$plain/run.json" ] || python -m trainers.stylize train "$data/style/wave.jpg" "${photos[@]}" "${judge[@]}" \
  --style-weight 0 --tv-weight 0 --steps 800 --out "$plain"

trained=()
for picture in "$out"/pictures/*.jpg; do
  to=$out/stylize/$(basename "$picture" .jpg)
  [ -f "$to/run.json" ] || python -m trainers.stylize train "$picture" "${photos[@]}" "${judge[@]}" \
    --start "$plain/model.ckpt" --steps 1200 --out "$to" ||
    [ -f "$to/run.json" ] # a figure below its baseline stops nothing; what is painted is judged again
  trained+=(--style "$to/model.ckpt")
done
[ -f "$out/painted/labels.csv" ] || python -m trainers.stylize generate "${photos[@]}" "${trained[@]}" \
  --out "$out/painted"

[ -f "$out/styles/run.json" ] || python -m trainers.styles "${photos[@]}" "$data/selfie" --media "$data/media" \
  --paintings "$out/painted" --init "$weights/mobilenet_v2_imagenet.pt" --cache "$out/cache" --precision bf16 --epochs 4 \
  --out "$out/styles" --resume

python -m export "$out/styles/model.ckpt" --to "$out/model" --metrics "$out/styles/run.json" \
  --about export/about/style.json --photos "$data/pool" --pictures
