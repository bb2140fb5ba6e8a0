"""Export trained weights for use elsewhere: rounded, with model file and model card."""

import argparse
import shutil
from pathlib import Path

from rna_predict.data.weights import convert_weights
from rna_predict.structure.files import replacing


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--weights", type=Path, required=True, help="weights of a training (safetensors)")
    add("--precision", choices=("bfloat16", "float32"), default="bfloat16", help="of the numbers")
    add("--model", type=Path, required=True, help="their model file (YAML)")
    add("--card", type=Path, required=True, help="their model card (Markdown)")
    add("--out-dir", type=Path, required=True, help="gets the three files")
    args = parser.parse_args(argv)

    convert_weights(args.weights, args.out_dir / args.weights.name, args.precision)
    for path in (args.model, args.card):
        with replacing(args.out_dir / path.name) as temporary:
            shutil.copyfile(path, temporary)


if __name__ == "__main__":
    main()
