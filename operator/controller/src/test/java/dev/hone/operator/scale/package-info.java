/**
 * What {@code bench/operator/run} measures: the operator, as its image starts it, under many
 * resources, against a real API server; nothing runs the pods.
 */
package dev.hone.operator.scale;
