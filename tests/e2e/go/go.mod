module example.com/e2e

go 1.20

require anyjob v0.0.0

replace anyjob => ../anyjob
