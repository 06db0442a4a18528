"""The desk: JupyterLab for this folder, whose kernels start where scheduled runs start."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager


class DeskKernels(AsyncMappingKernelManager):
    """Start every kernel in the server's root folder.

    Jupyter starts a kernel in its notebook's folder; papermill in the folder that it is called
    from. A notebook that names ``store`` and ``data/cohorts`` must mean the same in both.
    """

    def cwd_for_path(self, path: str, **kwargs: Any) -> str:
        """Return the root folder, whatever notebook asks."""
        return str(self.root_dir)
