module github.com/corsgate/corsgate

go 1.25.0
