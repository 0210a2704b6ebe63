module anyjob

go 1.20
