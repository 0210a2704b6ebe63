"""A new executor's package, written from the template.

`names` (what the package is called everywhere), `package` (its files), `carried` (where the template is),
`refused` (why no package is written). Nothing is imported here: exit statuses know `refused`.
"""
