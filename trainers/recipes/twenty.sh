#!/usr/bin/env bash
# Does fine-tuning beat training from scratch? Twenty classes, 578 photos, four networks; under ten minutes on two
# cores. It prints a table; what a network has in it is accuracy on the quarter of the photos that is held out.
#
#   trainers/recipes/twenty.sh SHARED OUT [EPOCHS]
#
# SHARED holds data/ and weights/; OUT keeps every run, so that a stopped recipe goes on where it was. EPOCHS, for
# trying it out, is that of all runs. The fine-tuned network has the trainer's own settings; those that start from
# nothing have twice the epochs and more, and rates that suit them.
set -euo pipefail
shared=$1 out=$2 only=${3:-}

python -m trainers.twenty list "$shared/data" --to "$out/twenty.txt"

common=("$out/twenty.txt" --folds 4 --size 128 --cache "$out/cache" --workers 1 --eval-every 4 --snapshot-every 12)
scratch=(--init none --optimizer adamw --schedule cosine --head-rate 1 --bias-rate 1)

train() { # NAME EPOCHS OPTION...
  [ -f "$out/$1/run.json" ] ||
    python -m trainers.style "${common[@]}" --out "$out/$1" --epochs "${only:-$2}" --resume "${@:3}" ||
    [ -f "$out/$1/run.json" ] # a figure below its baseline stops nothing: the table has it
}

train fine-tuned 12 --arch mobilenet_v2 --init "$shared/weights/mobilenet_v2_imagenet.pt"
train scratch 24 --arch mobilenet_v2 "${scratch[@]}" --lr 1e-3
train alexnet 24 --arch alexnet "${scratch[@]}" --lr 1e-4
train small-cnn 30 --arch small-cnn "${scratch[@]}" --lr 1e-3

python -m trainers.twenty table "$out/fine-tuned" "$out/scratch" "$out/alexnet" "$out/small-cnn"
