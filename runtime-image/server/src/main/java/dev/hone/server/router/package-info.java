/**
 * The router: a reverse proxy that spreads inference requests over two versions of a model and
 * compares their answers. It shares the image with the server and nothing of its life: no model is
 * loaded, no container of beans is started.
 */
@NullMarked
package dev.hone.server.router;

import org.jspecify.annotations.NullMarked;
