package dev.hone.server.protocol;

/** What a model says about one of its inputs or outputs. */
public record TensorMetadata(String name, Datatype datatype, Shape shape) {}
