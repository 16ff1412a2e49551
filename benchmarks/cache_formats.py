"""Which file format a cached volume reads fastest from, and how large it is: npy, blosc2, zarr.

    python benchmarks/cache_formats.py CT.nii.gz [CT.nii.gz ...]     # any CTs; each is resampled to 1 mm first

For each format: MB on disk, CPU seconds to write a volume, CPU and wall milliseconds to read a crop of 96³ voxels at a
random place (files in the page cache, one thread). Needs `pip install zarr` for the last rows.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

SIZE = 96
READS = 60
HU = tuple[int, int]
Array = npt.NDArray[np.generic]
Where = tuple[slice, slice, slice]
Format = tuple[Callable[[Path, Array], None], Callable[[Path, Where], Array]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cts", type=Path, nargs="+")
    volumes = [_volume(path) for path in parser.parse_args().cts]
    voxels = sum(volume.size for volume in volumes)
    print(f"{len(volumes)} volumes, {voxels / 1e6:.1f} million voxels at 1 mm")
    print(f"{'format':<34}{'MB':>8}{'of float16':>12}{'write CPU s':>13}{'crop CPU ms':>13}{'wall ms':>9}")
    for name, (dtype, write, read) in _formats().items():
        megabytes, write_s, cpu_ms, wall_ms = _measure([v.astype(dtype) for v in volumes], write, read)
        share = megabytes / (voxels * 2 / 1e6)
        print(f"{name:<34}{megabytes:>8.1f}{share:>12.2f}{write_s:>13.2f}{cpu_ms:>13.2f}{wall_ms:>9.2f}")


def _volume(path: Path) -> npt.NDArray[np.float32]:
    from reportsup.segmentation.cases.volumes import open_volume, read_array
    from reportsup.segmentation.preprocessing import Grid, resample_image, target_grid, to_ras

    volume = open_volume(path)
    array, affine = to_ras(read_array(volume), np.asarray(volume.affine, dtype=np.float64))
    source = Grid((array.shape[0], array.shape[1], array.shape[2]), affine)
    resampled = resample_image(np.clip(array, -1024, 3071), source, target_grid(source, (1.0, 1.0, 1.0)))
    return np.asarray(np.rint(resampled), dtype=np.float32)


def _formats() -> dict[str, tuple[str, Callable[[Path, Array], None], Callable[[Path, Where], Array]]]:
    formats: dict[str, tuple[str, Callable[[Path, Array], None], Callable[[Path, Where], Array]]] = {
        "npy float16, mapped": ("float16", lambda p, a: np.save(p, a), lambda p, w: np.load(p, mmap_mode="r")[w]),
        "npy int16, mapped": ("int16", lambda p, a: np.save(p, a), lambda p, w: np.load(p, mmap_mode="r")[w]),
    }
    for codec in ("LZ4", "ZSTD"):
        for chunk, block in ((64, 32), (96, 32), (48, 16)):
            formats[f"blosc2 int16, {codec}, {chunk}/{block}"] = ("int16", *_blosc2(codec, chunk, block))
    formats["zarr int16, blosc-zstd, 64"] = ("int16", *_zarr(64))
    formats["zarr int16, blosc-zstd, 32"] = ("int16", *_zarr(32))
    return formats


def _blosc2(codec: str, chunk: int, block: int) -> Format:
    import blosc2

    blosc2.set_nthreads(1)
    cparams = {"codec": getattr(blosc2.Codec, codec), "clevel": 5, "filters": [blosc2.Filter.BITSHUFFLE], "nthreads": 1}

    def write(path: Path, array: Array) -> None:
        sizes = {"chunks": (chunk,) * 3, "blocks": (block,) * 3}
        blosc2.asarray(np.ascontiguousarray(array), urlpath=str(path), cparams=cparams, **sizes)

    return write, lambda path, where: blosc2.open(str(path), mode="r", dparams={"nthreads": 1}, mmap_mode="r")[where]


def _zarr(chunk: int) -> Format:
    try:
        import zarr
    except ImportError:
        return (lambda path, array: None), (lambda path, where: np.zeros(0))
    codec = zarr.codecs.BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle")

    def write(path: Path, array: Array) -> None:
        stored = zarr.create_array(
            str(path), shape=array.shape, dtype=array.dtype, chunks=(chunk,) * 3, compressors=codec
        )
        stored[:] = array

    return write, lambda path, where: np.asarray(zarr.open_array(str(path), mode="r")[where])


def _measure(
    volumes: list[Array], write: Callable[[Path, Array], None], read: Callable[[Path, Where], Array]
) -> tuple[float, float, float, float]:
    folder = Path(tempfile.mkdtemp())
    try:
        started = time.process_time()
        for i, volume in enumerate(volumes):
            write(folder / f"{i}.npy", volume)
        written = time.process_time() - started
        megabytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
        rng = np.random.default_rng(0)
        places = [_place(volumes[n % len(volumes)].shape, rng) for n in range(READS)]
        for warm in (True, False):
            cpu, wall = time.process_time(), time.perf_counter()
            for n in range(6 if warm else READS):
                got = read(folder / f"{n % len(volumes)}.npy", places[n])
                np.asarray(got, dtype=np.float32)
        cpu, wall = (time.process_time() - cpu) / READS, (time.perf_counter() - wall) / READS
        return megabytes, written, cpu * 1e3, wall * 1e3
    finally:
        shutil.rmtree(folder)


def _place(shape: tuple[int, ...], rng: np.random.Generator) -> Where:
    start = [int(rng.integers(0, max(n - SIZE, 0) + 1)) for n in shape]
    x, y, z = (slice(s, s + SIZE) for s in start)
    return x, y, z


if __name__ == "__main__":
    main()
