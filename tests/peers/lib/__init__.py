"""What the checks against other programs have in common. Only the standard library of Python 3.11 is used."""
