"""A progress bar that a terminal and a notebook show alike, and that leaves one line in a stored notebook.

In a notebook tqdm's bar of text writes each step anew, which a converted page shows one below the other, and its widget
needs ipywidgets. `Bar` is tqdm's own, drawn into one output that is replaced at each step and at the end says how many
steps took how long.
"""

from tqdm.std import tqdm


class Bar(tqdm):
    """tqdm's progress bar, with its arguments; `closing` is what the last line says in place of the usual words."""

    closing = None

    def __init__(self, *args, **kwargs):
        self._output = None
        self._in_notebook = _in_notebook()
        if self._in_notebook:
            kwargs["file"] = _Nowhere()
        super().__init__(*args, **{"leave": False, "dynamic_ncols": True, "mininterval": 0.2, **kwargs})

    def display(self, msg=None, pos=None):
        """Draw the bar; what tqdm calls at each refresh."""
        if not self._in_notebook:
            return super().display(msg, pos)
        self._show(str(self) if msg is None else msg)
        return True

    def close(self):
        """Finish: an empty line in a terminal, the number of steps and the time in a notebook."""
        if self.disable:
            return
        drawn, seconds = self._output is not None, self.format_dict["elapsed"]
        super().close()
        if self.closing and not self._in_notebook:
            print(self.closing)
        elif self.closing or drawn:
            self._show(self.closing or self._summary(seconds))

    def _summary(self, seconds: float) -> str:
        what = f"{self.desc.rstrip(': ')}: " if self.desc else ""
        steps = self.format_sizeof(self.n, divisor=1000) if self.unit_scale else str(self.n)
        unit = "" if self.unit == "it" else f" {self.unit.strip()}"  # "it", for iterations, is tqdm's word for no unit
        time = f"{seconds:.1f} s" if seconds < 100 else self.format_interval(seconds)
        return f"{what}{steps}{unit} in {time}"

    def _show(self, text: str) -> None:
        from IPython.display import display

        bundle = {"text/plain": text}
        if self._output is None:
            self._output = display(bundle, raw=True, display_id=True)
        else:
            self._output.update(bundle, raw=True)


class _Nowhere:
    """A file for a bar that is drawn elsewhere."""

    def write(self, text):
        pass

    def flush(self):
        pass


def _in_notebook() -> bool:
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
