module tarlist

go 1.20
