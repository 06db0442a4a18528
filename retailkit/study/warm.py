"""A kernel provisioner that forks warm kernels and falls back to plain ones (see `kernels`)."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from retailkit.study.kernels import ForkedKernel


class Warm(LocalProvisioner):
    """Starts a kernel by asking the warm server; everything else is the plain local way."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a warm kernel; where the server cannot serve, start a plain process."""
        try:
            file = cmd.index("-f") + 1
            cwd = str(kwargs.get("cwd") or os.getcwd())
            env = dict(kwargs.get("env") or os.environ)
            log = getattr(kwargs.get("stderr"), "name", os.devnull)
            kernel = ForkedKernel(
                os.environ["RETAILKIT_WARM"], file=cmd[file], arguments=cmd[file + 1 :], cwd=cwd, env=env, log=log
            )
        except (OSError, KeyError, ValueError):
            return await super().launch_kernel(cmd, **kwargs)
        self.process: Any = kernel
        self.pid = self.pgid = kernel.pid
        self.cwd = cwd
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait for the kernel's end, looking more often than the plain way does."""
        while self.process and self.process.poll() is None:
            await asyncio.sleep(0.01)
        return await super().wait()
