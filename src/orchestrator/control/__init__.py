"""The one door: whatever shows or changes plans and tickets does it through the functions of this package.

`steering` changes, `walking` runs, `takeover` lends a session to a person; `showing`, `written`, `reviews`, `logbooks`,
`history`, `whereabouts`, `sessions` and `live` tell; `graphing` and `outlining` draw; `checking`, `describing`,
`setting_up` and `notifying` are about what people write, `doctor` about the machine. Plain functions; asyncio stays
behind `walking`.
"""
