"""Somebody's hands on a page: what they do is counted, and the page's time is taken while they do it.

How long a practised person takes is estimated with the keystroke-level model of Card, Moran and Newell: so much for a
key, for pointing and pressing, for taking the hand from the keys to the mouse, and for making up one's mind before each
action. The page's own time is measured: from each action until what it brings about is there.
"""

import time
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page, expect

KEY_SECONDS, POINT_SECONDS, PRESS_SECONDS, REACH_SECONDS, THINK_SECONDS = 0.2, 1.1, 0.2, 0.4, 1.35


@dataclass
class Hands:
    """What somebody does on a page.

    An action is what they have to decide on: a click, words and the keys that end them, a key, or a walk with keys
    however long and the key that presses what it leads to.
    """

    page: Page
    actions: list[str] = field(default_factory=list)
    clicks: int = 0
    keys: int = 0
    waited: float = 0.0
    _reaches: int = 0
    _at_mouse: bool | None = None
    _acted_at: float = 0.0

    def click(self, target: Locator, words: str) -> None:
        """Point at something and press."""
        self._act(words, at_mouse=True)
        self.clicks += 1
        target.click()

    def write(self, text: str, words: str, then: str = "") -> None:
        """Type where the focus is, and end it with a key if one is given."""
        self._act(words, at_mouse=False)
        self.keys += len(text) + bool(then)
        self.page.keyboard.type(text)
        if then:
            self.page.keyboard.press(then)

    def press(self, key: str, words: str) -> None:
        """Press one key, or several at once."""
        self._act(words, at_mouse=False)
        self.keys += len(key.split("+"))
        self.page.keyboard.press(key)

    def walk(self, keys: str, until: Locator, words: str, then: str = "", most: int = 80) -> None:
        """Press keys, the last of them over and over again, until something has the focus; then press it, perhaps."""
        self._act(words, at_mouse=False)
        steps = keys.split()
        for number in range(most):
            if until.count() == 1 and until.evaluate("element => element === document.activeElement"):
                break
            self.keys += 1
            self.page.keyboard.press(steps[min(number, len(steps) - 1)])
        expect(until).to_be_focused()
        if then:
            self.once_more(then)

    def once_more(self, key: str) -> None:
        """Press a key that ends the action before."""
        self.keys += 1
        self.page.keyboard.press(key)

    def see(self, shown: Locator, words: str | None = None) -> None:
        """Wait until something is there, and what it says; the wait is the page's time."""
        if words is None:
            expect(shown).to_be_visible()
        else:
            expect(shown).to_contain_text(words)
        self._rest()

    def feel(self, target: Locator) -> None:
        """Wait until something has the focus."""
        expect(target).to_be_focused()
        self._rest()

    @property
    def estimate(self) -> float:
        """Return the seconds that a practised person takes, the page's own time among them."""
        mind = THINK_SECONDS * len(self.actions) + REACH_SECONDS * self._reaches
        return mind + KEY_SECONDS * self.keys + (POINT_SECONDS + PRESS_SECONDS) * self.clicks + self.waited

    def _act(self, words: str, *, at_mouse: bool) -> None:
        self.actions.append(words)
        if self._at_mouse is not None and self._at_mouse != at_mouse:
            self._reaches += 1
        self._at_mouse = at_mouse
        self._acted_at = time.perf_counter()

    def _rest(self) -> None:
        self.waited += time.perf_counter() - self._acted_at
        self._acted_at = time.perf_counter()
