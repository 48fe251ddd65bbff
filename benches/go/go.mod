module lenobench

go 1.22
