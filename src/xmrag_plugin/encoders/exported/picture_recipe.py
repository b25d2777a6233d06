"""How a model wants its pictures, as a few numbers: resized, cropped, scaled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["Recipe"]

_FOLLOWED = {"do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A picture of any size to the fixed square or oblong that a model sees.

    Attributes:
        height: Pixels of what it sees.
        width: Pixels of what it sees.
        shortest: Shorter edge to resize to before cropping; 0 to resize to height and width at once.
        resample: PIL's number of the filter.
        scale: Factor for each channel of a value from 0 to 255.
        shift: What is added to each channel then.
    """

    height: int
    width: int
    shortest: int
    resample: int
    scale: tuple[float, ...]
    shift: tuple[float, ...]

    @classmethod
    def of(cls, processor: Any) -> Recipe | None:
        """Return the recipe of an image processor of transformers; None where it does more than these steps."""
        asked = {name for name, value in vars(processor).items() if name.startswith("do_") and value}
        size, crop = _edges(processor, "size"), _edges(processor, "crop_size")
        if not asked <= _FOLLOWED or not asked >= {"do_resize", "do_rescale"}:
            return None
        cropped = "do_center_crop" in asked
        shown = crop if cropped else size
        if not {"height", "width"} <= set(shown) or set(size) not in ({"shortest_edge"}, {"height", "width"}):
            return None
        shortest = size.get("shortest_edge", 0)
        if (shortest and shortest < max(shown.values())) or (not shortest and size != shown):
            return None
        mean, deviation = [0.0] * 3, [1.0] * 3
        if "do_normalize" in asked:
            mean, deviation = list(processor.image_mean), list(processor.image_std)
        factor = float(processor.rescale_factor)
        return cls(
            height=shown["height"],
            width=shown["width"],
            shortest=shortest,
            resample=int(processor.resample),
            scale=tuple(factor / float(d) for d in deviation),
            shift=tuple(-float(m) / float(d) for m, d in zip(mean, deviation, strict=True)),
        )

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Recipe:
        """Return what :meth:`to_dict` wrote."""
        return cls(**{**given, "scale": tuple(given["scale"]), "shift": tuple(given["shift"])})

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)

    def apply(self, picture: Image) -> NDArray[np.uint8]:
        """Return values of shape ``(height, width, 3)``, not yet scaled, of an RGB picture."""
        import numpy as np
        from PIL.Image import Resampling

        width, height = picture.size
        if self.shortest:
            size = (
                (self.shortest, int(self.shortest * height / width))
                if width <= height
                else (int(self.shortest * width / height), self.shortest)
            )
        else:
            size = (self.width, self.height)
        if size != picture.size:
            picture = picture.resize(size, Resampling(self.resample))
        left, top = (size[0] - self.width) // 2, (size[1] - self.height) // 2
        if size != (self.width, self.height):
            picture = picture.crop((left, top, left + self.width, top + self.height))
        return np.asarray(picture, dtype=np.uint8)


def _edges(processor: Any, name: str) -> dict[str, int]:
    try:
        given = dict(getattr(processor, name, None) or {})
    except (TypeError, ValueError):
        return {}
    return {edge: int(value) for edge, value in given.items() if isinstance(value, int)}
