"""In which number format a network computes: the one that training used, where the device has it."""

import torch

NAMES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def device_precision(precision: str, device: torch.device | str | None = None) -> str:
    """The format for a setting on a device: "no" (fp32), "bf16" or "fp16".

    "auto" is bf16 where the GPU has it: it holds fp32's range, so that neither losses nor logits overflow; fp16 on
    older GPUs; fp32 on the CPU, where bf16 is emulated and 20 times slower.

    Args:
        precision: "auto", "fp32", "bf16" or "fp16".
        device: None = the first GPU if there is one.
    """
    cuda = torch.cuda.is_available() if device is None else torch.device(device).type == "cuda"
    if precision == "auto":
        return ("bf16" if torch.cuda.is_bf16_supported() else "fp16") if cuda else "no"
    return "no" if precision == "fp32" else precision


def inference_dtype(precision: str, device: torch.device | str) -> torch.dtype | None:
    """The format of autocast when a trained network predicts, None for fp32.

    A run trained in fp32 predicts in fp32. bf16 gives way to fp16 on a GPU without it.
    """
    if torch.device(device).type != "cuda":
        return None
    name = device_precision(precision, device)
    if name == "bf16" and not torch.cuda.is_bf16_supported():
        name = "fp16"
    return NAMES.get(name)
