"""`anyjob up FOLDER`: many jobs side by side, each as far as this machine has what it needs."""
