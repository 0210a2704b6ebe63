package anyjob.host;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.security.CodeSource;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;

/** Loads a job's classes. Some classes of ours stand before those of the same name on its class path. */
final class JobLoader extends URLClassLoader {
    private final File overlay;
    private final Set<String> overlaid;

    static {
        registerAsParallelCapable();
    }

    /**
     * @param overlaid names of classes that are taken from {@code overlay}, where the class path has them, too
     */
    JobLoader(List<URL> classPath, File overlay, Set<String> overlaid, ClassLoader parent) {
        super(classPath.toArray(new URL[0]), parent);
        this.overlay = overlay;
        this.overlaid = overlaid;
    }

    /** URLs of a class path; an entry that ends with {@code /*} stands for all jars of that folder. */
    static List<URL> urls(List<String> entries) throws IOException {
        List<URL> made = new ArrayList<URL>();
        for (String entry : entries) {
            if (entry.endsWith("/*")) {
                File[] files = new File(entry.substring(0, entry.length() - 2)).listFiles();
                File[] sorted = files == null ? new File[0] : files;
                Arrays.sort(sorted);
                for (File file : sorted) {
                    if (file.getName().toLowerCase(java.util.Locale.ROOT).endsWith(".jar")) {
                        made.add(file.toURI().toURL());
                    }
                }
            } else {
                made.add(new File(entry).toURI().toURL());
            }
        }
        return made;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        if (overlaid.contains(name)) {
            String file = name.replace('.', '/') + ".class";
            if (findResource(file) != null) {
                return fromOverlay(name, file);
            }
        }
        return super.findClass(name);
    }

    private Class<?> fromOverlay(String name, String file) throws ClassNotFoundException {
        try (JarFile jar = new JarFile(overlay)) {
            ZipEntry entry = jar.getEntry(file);
            if (entry == null) {
                throw new ClassNotFoundException(name + " is not in " + overlay);
            }
            try (InputStream stream = jar.getInputStream(entry)) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                byte[] piece = new byte[8192];
                for (int read = stream.read(piece); read > 0; read = stream.read(piece)) {
                    bytes.write(piece, 0, read);
                }
                CodeSource source = new CodeSource(overlay.toURI().toURL(), (Certificate[]) null);
                return defineClass(name, bytes.toByteArray(), 0, bytes.size(), source);
            }
        } catch (IOException error) {
            throw new ClassNotFoundException(name + " could not be read from " + overlay, error);
        }
    }
}
