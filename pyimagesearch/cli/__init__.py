"""The command line: `main` runs a command and turns errors into exit codes; one module a command."""
