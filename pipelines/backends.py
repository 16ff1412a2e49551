"""Extractors by name. An `ExtractorSpec` can be sent to another process and built there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from ..nlp.extractor import Extractor
from ..schemas import ConfigError

_BACKENDS = {
    "rules": "reportsup.nlp.rules_extractor:RulesExtractor",
    "transformers": "reportsup.nlp.llm.transformers_backend:TransformersExtractor",
    "openai": "reportsup.nlp.llm.openai_backend:OpenAIExtractor",
    "batch": "reportsup.nlp.llm.batch_files:BatchExtractor",
    "hybrid": "reportsup.pipelines.llm_options:make_hybrid",
}


@dataclass(frozen=True)
class ExtractorSpec:
    """A backend and its options.

    Attributes:
        backend: a name of this module's table, or "package.module:callable" of the user's own.
        options: keyword arguments of the extractor, picklable.
    """

    backend: str = "rules"
    options: Mapping[str, Any] = field(default_factory=dict)

    def build(self) -> Extractor:
        """The extractor itself."""
        return make_extractor(self.backend, **self.options)


def make_extractor(backend: str, **options: Any) -> Extractor:
    """The extractor of a name, built with its options.

    Raises:
        ConfigError: the backend is unknown, or its module is not installed.
    """
    target = _BACKENDS.get(backend, backend)
    module, colon, name = target.partition(":")
    if not colon:
        raise ConfigError(
            f"backend: '{backend}' vs one of {', '.join(_BACKENDS)} or package.module:callable. Use one of them."
        )
    try:
        factory = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        extra = " The language-model backends need `pip install 'reportsup[llm]'`." if backend in _BACKENDS else ""
        raise ConfigError(
            f"backend: '{backend}' cannot be loaded ({error}) vs an installed module.{extra or ' Install it.'}"
        ) from error
    extractor: Extractor = factory(**options)
    return extractor
