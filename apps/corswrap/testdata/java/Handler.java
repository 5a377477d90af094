import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.InputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

public class Handler implements RequestStreamHandler {
    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        String event = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        String response = "{\"statusCode\":200,\"headers\":{\"access-control-allow-origin\":\"*\",\"Vary\":\"Accept\"},\"body\":\"hello\"}";
        if (event.contains("\"path\":\"/error\"")) {
            throw new IllegalStateException("no such table");
        } else if (event.contains("\"path\":\"/exit\"")) {
            System.exit(7);
        } else if (event.contains("\"path\":\"/large\"")) {
            response = response.replace("hello", "\\\"".repeat(2_900_000));
        } else if (event.contains("\"path\":\"/binary\"")) {
            response = response.replace("hello\"", "AP8=\",\"isBase64Encoded\":true");
        }
        out.write(response.getBytes(StandardCharsets.UTF_8));
    }
}
