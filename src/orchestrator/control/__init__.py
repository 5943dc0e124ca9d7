"""The one door: whatever shows or changes plans and tickets does it through the functions of this package.

`steering` changes, `walking` runs; `showing`, `logbooks`, `history`, `sessions` and `live` tell; `graphing` and
`outlining` draw; `checking`, `describing`, `setting_up` and `notifying` are about what people write. Plain functions;
asyncio stays behind `walking`.
"""
