"""Parts of pages that are made from the program: `<!-- made: NAME -->` stands where each belongs."""

import re
from collections.abc import Callable

import command_pages
import database_page
import loss_pictures
import settings_page

PARTS: dict[str, Callable[[], str]] = {
    "commands": command_pages.commands,
    "database picture": database_page.picture,
    "tables": database_page.tables,
    "views": database_page.views,
    "audit views": database_page.audit_views,
    "settings of training": settings_page.training,
    "loss presets": settings_page.presets,
    "recipe of the paper": settings_page.recipe,
    "volume loss": loss_pictures.volume_loss,
    "volume interval": loss_pictures.volume_factors,
    "ball loss": loss_pictures.ball_loss,
}
_PLACE = re.compile(r"^<!-- made: (.*?) -->$", re.M)


def fill(markdown: str) -> str:
    """The page with what stands at its places.

    Raises:
        KeyError: a part that nothing makes.
    """
    return _PLACE.sub(lambda place: PARTS[place[1]](), markdown)


def named(markdown: str) -> list[str]:
    """The parts that a page asks for."""
    return _PLACE.findall(markdown)
