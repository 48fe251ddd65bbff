module contrast

go 1.22
