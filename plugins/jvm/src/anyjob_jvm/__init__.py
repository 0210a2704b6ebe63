"""What executors of code in a JVM share: a Java library for applications, Java homes, jars built from source."""
