"""What all encoders in this process have in common: how texts come in, and how they are pickled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from ...errors import ModelUnsound, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LocalEncoder", "Role"]

Role = Literal["query", "document"]


class LocalEncoder:
    """An encoder whose weights are in this process.

    Attributes:
        name: What it is called.
        dimension: Numbers of a vector.
        origin: The function, and its arguments, that loaded it; None where it was made by hand.
    """

    name: str
    dimension: int
    origin: tuple[Any, ...] | None = None

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle by what loaded it: weights are not pickled, and a copy shares them."""
        return self.origin or super().__reduce_ex__(protocol)

    def encode_texts(self, texts: Sequence[str], *, role: Role = "document") -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(texts), dimension)``, in the order given; long texts are cut.

        Raises:
            ModelUnsound: If a vector is not finite.
            UsageError: If one string is given.
        """
        import numpy as np

        if isinstance(texts, str):
            raise UsageError("encode_texts was given one string.", hint="Give a list of texts.")
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return self._encode_texts(texts, role)

    def _encode_texts(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Encode texts, of which there is at least one."""
        raise NotImplementedError

    def _unit(
        self, vectors: NDArray[np.float32], *, cure: str = "Try another dtype (float32)"
    ) -> NDArray[np.float32]:
        """Return vectors at length one.

        Raises:
            ModelUnsound: If one has no length, or is not finite.
        """
        import numpy as np

        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(norms).all() and (norms > 0).all()):
            raise ModelUnsound(
                f"{self.name} gave a vector that is not finite, or zero.",
                hint=f"{cure}, or name another model.",
            )
        unit: NDArray[np.float32] = vectors / norms
        return unit
