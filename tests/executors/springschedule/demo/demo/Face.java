package demo;

public interface Face {
    String facing();
}
