"""The one door: whatever shows or changes plans and tickets does it through the functions of this package.

`steering` changes, `walking` runs; `showing`, `logbooks` and `sessions` tell; `checking`, `describing` and `setting_up`
are about the files that people write. Plain functions; asyncio stays behind `walking`.
"""
